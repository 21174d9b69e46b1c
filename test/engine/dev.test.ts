import { describeCycle } from "./cycle";
import { updates } from "./updates";

const replicas = {
  from: "  mlplatform:charts:",
  to: "  mlplatform:serving: { replicas: 2 }\n  mlplatform:charts:",
};

describeCycle({ stack: "dev", protectsData: true, updates: updates(replicas) });
