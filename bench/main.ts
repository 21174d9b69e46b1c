import { runMain } from "../screen/runMain";
import { UserError, shown } from "../screen/userError";
import { benches } from "./benches";
import { runBench } from "./runBench";

void runMain("bench", async () => {
  const [name = "", ...args] = process.argv.slice(2);
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (bench === undefined) {
    const remedy = `Choose ${Object.keys(benches).join(", ")}.`;
    throw new UserError({ what: "there is no such bench", seen: shown(name), remedy });
  }
  return runBench(name, bench, args);
});
