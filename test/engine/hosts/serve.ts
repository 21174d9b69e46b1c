import * as grpc from "@grpc/grpc-js";

const parentPollMs = 500;

/**
 * Serves one of the engine's plugin interfaces on loopback and says its port on stdout, as the
 * engine expects. Methods that are not there answer "unimplemented". The process ends with the
 * engine that started it, however that ends.
 */
export function serve(service: grpc.ServiceDefinition, methods: Record<string, unknown>): void {
  const unlimited = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  };
  const unimplemented = (
    _call: unknown,
    answer: (error: { code: grpc.status; details: string }) => void,
  ) => answer({ code: grpc.status.UNIMPLEMENTED, details: "not in this stand-in" });
  const whole = Object.fromEntries(
    Object.keys(service).map((name) => [name, methods[name] ?? unimplemented]),
  );
  const server = new grpc.Server(unlimited);
  server.addService(service, whole as unknown as grpc.UntypedServiceImplementation);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      throw error;
    }
    process.stdout.write(`${port}\n`);
  });
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) {
      process.exit(1);
    }
  }, parentPollMs);
}
