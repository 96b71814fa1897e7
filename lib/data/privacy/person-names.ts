/*
 * Given names that are frequent in birth registers of several countries, in lower case without accents. Words that are
 * also common in other texts (such as may, rose, will, mark) are left out: one column of them is no list of people.
 */
export const given = new Set(
  `james john robert michael david william richard joseph thomas charles christopher daniel matthew anthony steven
  andrew kenneth joshua kevin brian george timothy ronald edward jason jeffrey ryan jacob nicholas gary eric jonathan
  stephen larry justin scott brandon benjamin samuel gregory alexander patrick jack dennis jerry tyler aaron jose adam
  nathan henry zachary douglas peter kyle noah ethan jeremy christian walter keith austin roger terry sean gerald carl
  mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley
  kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca laura helen sharon cynthia kathleen amy
  angela shirley anna brenda pamela emma nicole samantha katherine christine rachel carolyn janet maria olivia heather
  diane julie joyce victoria kelly christina joan evelyn lauren judith megan andrea cheryl hannah jacqueline martha
  teresa sara janice julia kathryn alice doris
  hans peter wolfgang klaus juergen dieter manfred uwe gunter horst bernd stefan andreas matthias sebastian tobias
  florian lukas leon finn jonas felix maximilian ursula monika petra elisabeth sabine renate helga karin brigitte
  ingrid erika gisela claudia susanne heike birgit katharina lena leonie mia
  jean pierre michel andre philippe rene louis alain jacques bernard marcel daniel francois camille lea manon chloe
  nathalie isabelle sylvie catherine francoise monique jacqueline mathilde juliette
  antonio manuel francisco juan javier carlos jesus alejandro miguel rafael pedro angel pablo sergio fernando luis
  carmen josefa isabel dolores pilar teresa rosa cristina lucia elena raquel
  giuseppe giovanni luigi francesco mario vincenzo salvatore domenico marco matteo lorenzo alessandro giulia chiara
  francesca federica giorgia martina alessia
  piotr krzysztof andrzej tomasz jan pawel marcin michal jerzy katarzyna malgorzata agnieszka krystyna ewa joanna
  lars erik anders johan karl nils bjorn sven astrid ingeborg freja oskar mikael juhani matti maria aino
  jan johannes cornelis hendrik willem pieter daan sem anna johanna willemina sanne femke
  mohammed muhammad ahmed ali hassan omar ibrahim yusuf fatima aisha khadija maryam zainab layla
  wei fang li xiaoming ming jing yan hiroshi takashi kenji yuki haruto sakura aiko min-jun seo-yeon
  raj amit sanjay rahul vijay priya anjali sunita pooja deepak arjun ananya
  ivan dmitri sergei alexei vladimir natalia olga tatiana svetlana irina anastasia ekaterina
  joao pedro ana paulo marcos fernanda juliana adriana patricia marcia`.split(/\s+/),
);

/** What may stand in front of a name. */
export const titles = /^(?:dr|prof|mr|mrs|ms|herr|frau|mme|sra?)\.?\s+/i;

/** One to four words, capitalised or all in capitals, one of which is a known given name. */
export function isPersonName(text: string): boolean {
  const bare = text.replace(titles, '').trim();
  if (bare.length < 2 || bare.length > 60) return false;
  const words = bare.split(/[ ,]+/).filter((word) => word !== '');
  if (words.length > 4 || !words.every((word) => /^\p{Lu}[\p{L}'’.-]*$/u.test(word))) return false;
  return words.some((word) => given.has(word.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()));
}
