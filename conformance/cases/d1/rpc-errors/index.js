// The Worker of d1/errors, whose D1 binding calls by RPC here.
export { default } from "../errors/index.js";
