// What is read of the application's values at most, and the texts for the rest: the core says both.

/** Limits of what is read and kept; `setup.names` in wit/setup.wit says what each means. */
export interface Bounds {
  readonly walk_depth: number;
  readonly walk_values: number;
  readonly walk_bytes: number;
  readonly walk_bytes_together: number;
  readonly walk_bytes_least: number;
  readonly stream_bytes: number;
}

/** The texts in the place of what cannot be written. */
export interface StandIns {
  readonly cyclic: string;
  readonly too_many: string;
  readonly unserializable: string;
  readonly too_large: string;
}

export let bounds: Bounds = {
  walk_depth: 0,
  walk_values: 0,
  walk_bytes: 0,
  walk_bytes_together: 0,
  walk_bytes_least: 0,
  stream_bytes: 0,
};
export let standIns: StandIns = { cyclic: "", too_many: "", unserializable: "", too_large: "" };

/** Takes what the core's `setup.names` says. Before that, nothing of a container is read. */
export function configureValues(names: {
  readonly bounds: Bounds;
  readonly stand_ins: StandIns;
}): void {
  ({ bounds, stand_ins: standIns } = names);
}
