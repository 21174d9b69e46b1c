import { describeCycle } from "./cycle";
import { updatesOf } from "./updates";

describeCycle({
  stack: "dev",
  protectsData: true,
  // Their cycles are in files of their own.
  previews: ["local", "prod"],
  updates: updatesOf("dev"),
});
