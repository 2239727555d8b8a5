// What metrics gather over an epoch, in place.
// confusion_add: counts[actual[i]·classes + predicted[i]] += 1 for i < size, where both are classes; integers add up to the
// same in any order, so atomics leave the result exact.
// record_rows: rows[cursor + i, :] = values[i, :] for i < size, where cursor + i < length. One workgroup does 64 elements.

// @import lib/grid.wgsl

const GROUP_SIZE: u32 = 64;

struct CountParams {
  size: u32,
  classes: u32,
}

@group(0) @binding(0) var<uniform> count_params: CountParams;
@group(0) @binding(1) var<storage, read> predicted: array<i32>;
@group(0) @binding(2) var<storage, read> actual: array<i32>;
@group(0) @binding(3) var<storage, read_write> counts: array<atomic<u32>>;

@compute @workgroup_size(GROUP_SIZE)
fn confusion_add(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= count_params.size) { return; }
  // A negative class is a large unsigned one.
  let row = u32(actual[i]);
  let column = u32(predicted[i]);
  if (row < count_params.classes && column < count_params.classes) {
    atomicAdd(&counts[row * count_params.classes + column], 1u);
  }
}

struct RecordParams {
  size: u32,
  width: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> record_params: RecordParams;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read> cursor: array<u32>;
@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn record_rows(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= record_params.size) { return; }
  let row = i / record_params.width;
  if (cursor[0] >= record_params.length || row >= record_params.length - cursor[0]) { return; }
  rows[cursor[0] * record_params.width + i] = values[i];
}
