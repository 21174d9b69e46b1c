import { describeCycle } from "./cycle";
import { updates } from "./updates";

const replicas = {
  from: "  mlplatform:serving:\n    replicas: 3\n",
  to: "  mlplatform:serving:\n    replicas: 4\n",
};

describeCycle({ stack: "prod", protectsData: true, keepsData: true, updates: updates(replicas) });
