import { describeCycle } from "./cycle";
import { updates } from "./updates";

describeCycle({ stack: "local", updates });
