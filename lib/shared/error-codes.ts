import type { CatalogueEntry } from './error-kind.ts';

export type { ErrorKind } from './error-kind.ts';

/** Every code the product can answer with. docs/errors.md has a heading for each; a test holds the two together. */
export const errorCatalogue = {
  'definition-invalid': {
    kind: 'invalid',
    meaning: 'A model folder does not describe a model.',
    remedy: 'Correct the field that the message names in models/<name>/model.ts.',
  },
  'model-unknown': {
    kind: 'not-found',
    meaning: 'No model of this name is deployed.',
    remedy: 'Use one of the names the message lists, or add models/<name>/model.ts and deploy.',
  },
  'model-not-served': {
    kind: 'unavailable',
    meaning: 'The model is known but has no champion yet, or its champion cannot be loaded.',
    remedy: 'Upload data and wait for the run to end, or roll back to a version that loads.',
  },
  'memory-budget-exceeded': {
    kind: 'unavailable',
    meaning: 'A version takes more memory than the models of a process may take together.',
    remedy:
      'Give the server more memory or a greater --memory-budget, the function a greater memorySize, or serve a smaller model (serve.quantise, fewer or smaller trees, fewer words).',
  },
  'version-unknown': {
    kind: 'not-found',
    meaning: 'The model has no such version.',
    remedy: 'Choose one from `evergreen models list <model>`.',
  },
  'version-not-servable': {
    kind: 'not-allowed',
    meaning: 'The version exists but may not take traffic.',
    remedy: 'Choose one of the versions that the message names.',
  },
  'no-previous-version': {
    kind: 'not-allowed',
    meaning: 'A rollback was asked for, but no earlier champion exists.',
    remedy: 'The live version stays. Upload better data, or promote a version by number.',
  },
  'revision-conflict': {
    kind: 'conflict',
    meaning: 'Somebody changed what is live in between.',
    remedy: 'Read the model again and repeat the command.',
  },
  'request-conflict': {
    kind: 'conflict',
    meaning: 'The same request id was used before with other content.',
    remedy: 'Use a new id for new content.',
  },
  'request-not-json': {
    kind: 'invalid',
    meaning: 'The body is not JSON.',
    remedy: 'Send one JSON document, encoded as UTF-8.',
  },
  'request-too-large': {
    kind: 'invalid',
    meaning: 'The body, or its number of rows, is over the limit.',
    remedy: 'Send fewer rows in one request.',
  },
  'media-type-unsupported': {
    kind: 'invalid',
    meaning: 'The content type is not one this route reads.',
    remedy: 'Send application/json.',
  },
  'request-invalid': {
    kind: 'invalid',
    meaning: 'The request does not fit the model or the route.',
    remedy: 'Correct the places that the JSON pointers name.',
  },
  'batch-refused': {
    kind: 'invalid',
    meaning:
      'A file cannot be answered as a whole: it is too large, not a table, or lacks columns of the model.',
    remedy: 'Correct what the message names and run the same command.',
  },
  'batch-failed': {
    kind: 'internal',
    meaning: 'An execution that answers a file ended before it was done.',
    remedy: 'Run the same command: it goes on from the parts that were answered.',
  },
  'prediction-unknown': {
    kind: 'not-found',
    meaning: 'No prediction of this id is on record.',
    remedy: 'Use the predictionId of a reply; records are kept for 90 days.',
  },
  'prediction-not-captured': {
    kind: 'not-found',
    meaning: 'The prediction is not among those that the model keeps.',
    remedy: 'Raise `monitor.capture` in the definition; versions made from then on keep more.',
  },
  'explanation-missing': {
    kind: 'not-found',
    meaning: 'The version was trained without an explanation.',
    remedy: 'Train it again with `evergreen upload --force`; its predictions need no explanation.',
  },
  'explanation-unavailable': {
    kind: 'unavailable',
    meaning: 'The explanation of the version cannot be read, or took too long for so many rows.',
    remedy: 'Send fewer rows; when one row alone fails, search the logs for the trace id.',
  },
  'server-busy': {
    kind: 'unavailable',
    meaning: 'The server has as many requests as it takes, or is stopping.',
    remedy: 'Try again after the time in Retry-After; start more workers, or raise --most-in-flight.',
  },
  'route-unknown': {
    kind: 'not-found',
    meaning: 'The API has no such path or method.',
    remedy: 'See the list of routes in docs/architecture.md.',
  },
  'upload-missing': {
    kind: 'not-found',
    meaning: 'The uploaded object was gone before it could be read.',
    remedy: 'Upload it again.',
  },
  'subject-unknown': {
    kind: 'invalid',
    meaning: 'The definition of a model does not say in which column the id of a person stands.',
    remedy: 'Name the column in privacy.subject of models/<name>/model.ts and deploy.',
  },
  'archive-damaged': {
    kind: 'invalid',
    meaning:
      'An export of datasets is not as it was written: a file of it is missing, cut off or another one.',
    remedy: 'Copy it again from where it was exported, or export it again; nothing of it was imported.',
  },
  'dataset-destroyed': {
    kind: 'not-allowed',
    meaning: 'A dataset that was destroyed here, or that rows of a person were erased from, would come back.',
    remedy: 'Export without it, or erase the rows where it comes from and export what is left.',
  },
  'hash-key-differs': {
    kind: 'not-allowed',
    meaning: 'An export holds features that were hashed by a key which this deployment does not have.',
    remedy: 'Upload the data here: it is hashed by the key of this deployment, and trained on anew.',
  },
  'import-failed': {
    kind: 'unavailable',
    meaning: 'A version of an export could not be signed and registered.',
    remedy: 'Correct what the message names, then run the same command: it goes on.',
  },
  'dataset-unknown': {
    kind: 'not-found',
    meaning: 'The model has no such dataset.',
    remedy: 'Choose one from `evergreen data list <model>`.',
  },
  'privacy-budget-spent': {
    kind: 'not-allowed',
    meaning: 'More would be published of the rows of a dataset than its epsilon allows.',
    remedy: 'Ask for a smaller --epsilon, or use what was published before; the ledger is never emptied.',
  },
  'artifact-missing': {
    kind: 'unavailable',
    meaning: 'A file of a registered version is not in the model bucket.',
    remedy: 'Restore the object version, or roll back; `evergreen doctor` lists what is missing.',
  },
  'artifact-damaged': {
    kind: 'not-allowed',
    meaning: 'A file of a version does not have the digest that the registry holds.',
    remedy: 'Treat it as tampering: restore the object version, or roll back.',
  },
  'signature-missing': {
    kind: 'not-allowed',
    meaning: 'A version has no signature.',
    remedy:
      'Restore the signature, or roll back; a version from before signing is made anew by `evergreen upload --force`.',
  },
  'signature-untrusted': {
    kind: 'not-allowed',
    meaning: 'A version was signed by another key than this deployment trusts, or for another package.',
    remedy: 'Treat it as tampering: restore the signature, or roll back.',
  },
  'signing-key-unavailable': {
    kind: 'unavailable',
    meaning: 'The signing key did not answer, so that nothing could be signed or checked.',
    remedy: 'Enable the key, or give the role back the action that the message names.',
  },
  'hash-key-unavailable': {
    kind: 'unavailable',
    meaning: 'The key that personal features are hashed with did not answer.',
    remedy: 'Enable the key HashKeyArn, or give the role back the action that the message names.',
  },
  'model-inadmissible': {
    kind: 'not-allowed',
    meaning: 'The ONNX file contains something that is never served, or does not fit the definition.',
    remedy: 'Export the model without what the message names.',
  },
  'golden-mismatch': {
    kind: 'not-allowed',
    meaning: 'The session answers the golden rows otherwise than the trainer did.',
    remedy: 'Export the model again, or pin the runtime version that the message names.',
  },
  'model-failed': {
    kind: 'internal',
    meaning: 'The model could not answer rows that fit its definition.',
    remedy: 'See the log under the trace id; the alarm rolls back when it goes on.',
  },
  'training-output-invalid': {
    kind: 'not-allowed',
    meaning: 'The training job ended well but left no usable model package.',
    remedy: 'Let the trainer write model.onnx, golden.json and training.json to SM_MODEL_DIR.',
  },
  'federated-update-invalid': {
    kind: 'not-allowed',
    meaning: 'What a party of a federation left cannot be averaged with the others.',
    remedy:
      "Look into the log of the party's job; when all parties run the deployed code, upload with --force to train again.",
  },
  'run-unknown': {
    kind: 'not-found',
    meaning: 'No run of this id is on record.',
    remedy: 'Choose one from `evergreen runs list`.',
  },
  'run-not-waiting': {
    kind: 'not-allowed',
    meaning: 'The run does not wait for an approval.',
    remedy: '`evergreen runs list` shows which runs wait.',
  },
  'engine-unavailable': {
    kind: 'unavailable',
    meaning: 'The local engine does not run or does not answer.',
    remedy: 'Start it with `npx evergreen up`.',
  },
  'engine-running': {
    kind: 'conflict',
    meaning: 'The local engine runs already, with other settings than those asked for.',
    remedy: 'Stop it with `npx evergreen down`, then start it again; its state is kept.',
  },
  'stack-missing': {
    kind: 'not-found',
    meaning: 'The target has no deployed Evergreen stack.',
    remedy: 'Run `npx evergreen deploy`.',
  },
  'port-taken': {
    kind: 'unavailable',
    meaning: 'Another program listens on the port.',
    remedy: 'End that program, or choose another port with --port.',
  },
  'setup-failed': {
    kind: 'unavailable',
    meaning: 'Something the product needs could not be installed.',
    remedy: 'Do what the message says, then start again; finished parts are kept.',
  },
  'deploy-failed': {
    kind: 'internal',
    meaning: 'The deployment did not finish.',
    remedy: 'Read the named log; `npx evergreen deploy` goes on from what is there.',
  },
  'usage-invalid': {
    kind: 'invalid',
    meaning: 'The command line is not one the command knows.',
    remedy: 'See `npx evergreen <command> --help`.',
  },
  'file-unreadable': {
    kind: 'invalid',
    meaning: 'A file named on the command line cannot be read.',
    remedy: 'Check the path, its rights, and what the message says of its content.',
  },
  'region-missing': {
    kind: 'invalid',
    meaning: 'No AWS region is set.',
    remedy: 'Name one with --region, or set AWS_REGION; for the local engine say --target local.',
  },
  'access-denied': {
    kind: 'not-allowed',
    meaning: 'The identity in use may not make the call.',
    remedy: 'Use an identity with the rights the message names; --profile chooses one.',
  },
  'credentials-missing': {
    kind: 'not-allowed',
    meaning: 'No usable AWS credentials were found, or they have expired.',
    remedy: 'Sign in to AWS (aws sso login, aws configure), or work locally with --target local.',
  },
  'wait-over': {
    kind: 'unavailable',
    meaning: 'What was waited for did not happen within the time limit; it may still happen.',
    remedy: 'Look again with the command that the message names.',
  },
  'service-unavailable': {
    kind: 'unavailable',
    meaning: 'A service behind the product throttled or refused for now.',
    remedy: 'Try again after the time given in Retry-After.',
  },
  internal: {
    kind: 'internal',
    meaning: 'Something went wrong that nobody foresaw.',
    remedy: 'Search the logs for the id in the answer.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
