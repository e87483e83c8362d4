// The Worker of d1/query, whose D1 binding calls by RPC here.
export { default } from "../query/index.js";
