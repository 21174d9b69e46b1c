/** The head's pod template of a RayJob. */
export const head = (job: any): any => job.spec.rayClusterSpec.headGroupSpec.template;

/** The pod template of the first worker group of a RayJob. */
export const worker = (job: any): any => job.spec.rayClusterSpec.workerGroupSpecs[0].template;

/** The head's log offloader. */
export const sidecar = (job: any): any => head(job).spec.initContainers[0];

/** Takes a variable out of a container. */
export function drop(container: any, name: string): void {
  container.env = container.env.filter((variable: any) => variable.name !== name);
}

/** Gives a variable of a container another source. */
export function variable(container: any, name: string, source: object): void {
  drop(container, name);
  container.env.push({ name, ...source });
}
