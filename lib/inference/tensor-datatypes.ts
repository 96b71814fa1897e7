const numberTypes = [
  'FP16',
  'FP32',
  'FP64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
] as const;

/** What a tensor of the Open Inference Protocol may hold. */
export const datatypes = [...numberTypes, 'BOOL', 'BYTES'] as const;

export const isNumberType = (datatype: string): boolean => numberTypes.some((each) => each === datatype);
