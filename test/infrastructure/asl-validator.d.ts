declare module 'asl-validator' {
  /** The package ships no types of its own. */
  export default function validate(definition: object): {
    isValid: boolean;
    errorsText(separator?: string): string;
  };
}
