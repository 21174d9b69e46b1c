import { describeCycle } from "./cycle";
import { updatesOf } from "./updates";

describeCycle({ stack: "prod", protectsData: true, keepsData: true, updates: updatesOf("prod") });
