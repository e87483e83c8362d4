// A binding that the Wrangler file declares and flint does not serve yet. Looking
// at it is harmless; using it says what is missing.
export default function (env) {
  const fail = () => {
    throw new Error(`flint does not serve ${env.key} yet: the binding ${env.name} cannot be used`);
  };
  return new Proxy(Object.create(null), {
    get(_, property) {
      if (typeof property === "symbol" || property === "then" || property === "toJSON") return undefined;
      return fail();
    },
    set: fail,
    apply: fail,
  });
}
