import { buildMinio } from "./local/objectStore";
void buildMinio("/work/hd/main", console.log).then(console.log);
