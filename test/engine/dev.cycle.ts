import { describeCycle } from "./cycle";
import { updates } from "./updates";

describeCycle({ stack: "dev", updates });
