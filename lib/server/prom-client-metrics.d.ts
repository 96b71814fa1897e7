/** One of the metrics of a process that `collectDefaultMetrics` is made of. */
declare module 'prom-client/lib/metrics/*.js' {
  const register: (
    registry: import('prom-client').Registry,
    options: { prefix: string; eventLoopMonitoringPrecision: number },
  ) => void;
  export default register;
}
