/** What these tests take from the offline engine: its runs to compare with, and the wire format. */
export { previewStack, readStackConfig } from "../../preview/engine/previewStack";
export type { EngineState, StateResource } from "../../preview/engine/resources/state";
export {
  type Wire,
  type WireObject,
  containsUnknown,
  fromStruct,
  isObject,
  isSecret,
  isUnknown,
  normalize,
  plain,
  sameValue,
  secret,
  toStruct,
  unknownValue,
  unwrapped,
} from "../../preview/engine/values/wire";
