// The index of a thread in a flat grid that may have been folded into several rows of workgroups.
fn flat_index(thread: vec3u, groups: vec3u, workgroup_size: u32) -> u32 {
  return thread.y * groups.x * workgroup_size + thread.x;
}
