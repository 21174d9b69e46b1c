import { ColumnType } from "../tables/tableShape";

/** A column of a model's input or output, as its MLflow signature has it. */
export interface SignatureColumn {
  /** Absent in a signature of unnamed columns. */
  name?: string;
  /**
   * double, float, long, integer, boolean, string, binary, datetime, or another word of MLflow's.
   */
  type: string;
}

/** What a model takes and gives. */
export interface ModelSignature {
  inputs: SignatureColumn[];
  outputs: SignatureColumn[];
}

const columnTypes: Record<string, ColumnType> = {
  double: ColumnType.Double,
  float: ColumnType.Double,
  long: ColumnType.Long,
  integer: ColumnType.Long,
  boolean: ColumnType.Flag,
};

/** The lake's type for a signature's; whatever is no number or flag is text, objects as JSON. */
export function columnTypeOf(column: SignatureColumn): ColumnType {
  return columnTypes[column.type] ?? ColumnType.Text;
}

/**
 * Reads the signature of an `MLmodel` file's JSON: `inputs` and `outputs` are JSON texts in it, of
 * columns or of tensors. A tensor is one column a feature of its last dimension where that is
 * fixed, otherwise one.
 */
export function readSignature(signature: {
  inputs?: string | null;
  outputs?: string | null;
}): ModelSignature {
  return { inputs: columnsOf(signature.inputs), outputs: columnsOf(signature.outputs) };
}

interface WrittenColumn {
  name?: string;
  type?: string;
  "tensor-spec"?: { dtype?: string; shape?: number[] };
}

function columnsOf(text: string | null | undefined): SignatureColumn[] {
  const written = text === null || text === undefined ? [] : (JSON.parse(text) as WrittenColumn[]);
  return written.flatMap((column) => {
    const tensor = column["tensor-spec"];
    if (tensor === undefined) {
      return [
        {
          ...(column.name === undefined ? {} : { name: column.name }),
          type: column.type ?? "string",
        },
      ];
    }
    const type = /^float/.test(tensor.dtype ?? "")
      ? "double"
      : /int/.test(tensor.dtype ?? "")
        ? "long"
        : "string";
    const width = tensor.shape?.at(-1) ?? -1;
    const isFlat = column.name === undefined && (tensor.shape?.length ?? 0) === 2 && width > 0;
    return isFlat
      ? Array.from({ length: width }, () => ({ type }))
      : [{ ...(column.name === undefined ? {} : { name: column.name }), type }];
  });
}
