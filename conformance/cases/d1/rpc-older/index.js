// The Worker of d1/rpc with a date at which an error loses its name on its way.
export { default } from "../rpc/index.js";
