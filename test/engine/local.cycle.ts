import { describeCycle } from "./cycle";
import { updatesOf } from "./updates";

describeCycle({ stack: "local", protectsData: false, updates: updatesOf("local") });
