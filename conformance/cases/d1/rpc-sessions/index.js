// The Worker of d1/sessions, whose D1 binding calls by RPC here.
export { default } from "../sessions/index.js";
