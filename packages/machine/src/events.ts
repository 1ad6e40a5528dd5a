/** Calls listeners by event name. A listener that throws stops nobody else; its error surfaces as an unhandled rejection. */
export class Events<M extends object> {
  readonly #listeners = new Map<keyof M, Set<(event: never) => void>>();

  /** Returns a function that takes the listener off again. */
  on<K extends keyof M>(name: K, listener: (event: M[K]) => void): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }

  emit<K extends keyof M>(name: K, event: M[K]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (event: M[K]) => void)(event);
      } catch (error) {
        void Promise.reject(error);
      }
    }
  }
}
