import { describeCycle } from "./cycle";
import { updates } from "./updates";

const replicas = {
  from: "  mlplatform:serving:\n",
  to: "  mlplatform:serving:\n    replicas: 2\n",
};

describeCycle({ stack: "local", protectsData: false, updates: updates(replicas) });
