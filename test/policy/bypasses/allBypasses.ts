import type { Bypass } from "./bypass";
import { fileBypasses } from "./files";
import { imageBypasses } from "./images";
import { inferenceLogBypasses } from "./inferenceLog";
import { offloaderBypasses } from "./offloader";
import { podBypasses } from "./pods";
import { scaleToZeroBypasses } from "./scaleToZero";
import { schedulingBypasses } from "./scheduling";

/** Every way past the policies that is tried. */
export const bypasses: Bypass[] = [
  ...podBypasses,
  ...schedulingBypasses,
  ...scaleToZeroBypasses,
  ...offloaderBypasses,
  ...imageBypasses,
  ...inferenceLogBypasses,
  ...fileBypasses,
];
