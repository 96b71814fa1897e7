/** SageMaker's container with Spark 3.5, which runs on Python 3.9. */
const tag = 'sagemaker-spark-processing:3.5-cpu-py39-v1.0';

/**
 * Accounts of AWS that hold the container, by region.
 *
 * Source: image_uri_config/spark.json of aws/sagemaker-python-sdk.
 */
const accounts: Readonly<Record<string, string>> = {
  'af-south-1': '309385258863',
  'ap-east-1': '732049463269',
  'ap-northeast-1': '411782140378',
  'ap-northeast-2': '860869212795',
  'ap-northeast-3': '364406365360',
  'ap-south-1': '105495057255',
  'ap-southeast-1': '759080221371',
  'ap-southeast-2': '440695851116',
  'ca-central-1': '446299261295',
  'eu-central-1': '906073651304',
  'eu-north-1': '330188676905',
  'eu-south-1': '753923664805',
  'eu-west-1': '571004829621',
  'eu-west-2': '836651553127',
  'eu-west-3': '136845547031',
  'me-south-1': '750251592176',
  'sa-east-1': '737130764395',
  'us-east-1': '173754725891',
  'us-east-2': '314815235551',
  'us-west-1': '667973535471',
  'us-west-2': '153931337802',
};

/** The container in a region, or undefined where its account is not known: a stage can name an image of its own. */
export function sparkImage(region: string, suffix: string): string | undefined {
  const account = accounts[region];
  return account && `${account}.dkr.ecr.${region}.${suffix}/${tag}`;
}
