import { describeCycle } from "./cycle";
import { updatesOf } from "./updates";

describeCycle({ stack: "dev", protectsData: true, updates: updatesOf("dev") });
