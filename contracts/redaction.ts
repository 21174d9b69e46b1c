/** What becomes of a value in a payload that a rule names. */
export enum RedactionAction {
  /** It goes; an array's element becomes null, so that the others keep their places. */
  Drop = "drop",
  /** A keyed hash takes its place: equal values stay equal, and can't be guessed. */
  Hash = "hash",
  /** The same three characters for every value. */
  Mask = "mask",
}

/** What a rule is about. */
export enum RedactionPart {
  /** The request's or the response's body. */
  Body = "body",
  /** The request headers that an InferenceService's logger copies. */
  Metadata = "metadata",
}

/** A value that is taken out of payloads before they reach a disk. */
export interface InferenceRedactionRule {
  /**
   * Only payloads of this namespace.
   * @default - all
   */
  namespace?: string;
  /**
   * Only payloads of this InferenceService.
   * @default - all
   */
  inferenceService?: string;
  /**
   * Where the value is.
   * @default RedactionPart.Body
   */
  part?: RedactionPart;
  /**
   * JSON path of the value: `$.instances[*].email`, `$.inputs[?(@.name=='email')].data`,
   * `$..password`. A body that a rule is about and that is no JSON is not kept at all.
   */
  path: string;
  /** What becomes of it. */
  action: RedactionAction;
}
