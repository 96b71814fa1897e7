/** What was read of a deployed stack: settings of its resources as AWS tells them, not as they were meant. */
export interface DeploymentFacts {
  buckets: {
    name: string;
    /** The algorithm, or null. */
    encryption: string | null;
    isVersioned: boolean;
    blocksPublic: boolean;
    isTlsOnly: boolean;
    logsTo: string | null;
    /** Whether it holds the access logs of the others. */
    isForLogs: boolean;
    /** Prefixes below which objects expire. */
    expires: string[];
  }[];
  tables: { name: string; isEncrypted: boolean; isRestorable: boolean; timeToLive: string | null }[];
  keys: { subject: boolean };
  models: {
    name: string;
    /** Column that erasure goes by, or null. */
    subject: string | null;
    looksForPersonalData: boolean;
    /** Columns of the newest dataset with personal data that the definition does not say it of. */
    undeclared: string[];
    hasRetention: boolean;
    /** Whether the bucket really has the rule. */
    expiresUploads: boolean;
    isProtected: boolean;
  }[];
  records: { erasures: number; certificates: number };
}
