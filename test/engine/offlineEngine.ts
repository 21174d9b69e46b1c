/** What these tests take from the offline engine: its runs to compare with. */
export { previewStack, readStackConfig } from "../../preview/engine/previewStack";
