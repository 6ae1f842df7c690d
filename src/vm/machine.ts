// The launcher, as other folders see it. The states and their picture are in
// phases.ts, the way up in boot.ts, everything after it in control.ts.
export {
  boot,
  type BootedVm,
  type BootOptions,
  type GatewayService,
  type TcpService,
  type VmImage,
} from "./boot.ts";
export {
  destroy,
  list,
  logs,
  runningVmOf,
  status,
  type StatusOptions,
  stop,
  type StopOptions,
  type VmStatus,
} from "./control.ts";
export { CLI_NAME, type ClientFiles } from "./owner.ts";
export type { Phase } from "./phases.ts";
export {
  addressList,
  GATEWAY_TCP_PORT,
  GATEWAY_VSOCK_PORT,
  type GatewayAddresses,
  GUEST_PORT,
  type RunningVm,
} from "./running.ts";
export type { Ending } from "./teardown.ts";
