// The index of a thread in a flat grid that may have been folded into several rows of workgroups.
fn flat_index(thread: vec3u, groups: vec3u, workgroup_size: u32) -> u32 {
  return thread.y * groups.x * workgroup_size + thread.x;
}

// The index of a workgroup in a flat list of them: a grid may have only 65535 along one side, so long lists fold into rows.
fn flat_workgroup(group_id: vec3u, group_count: vec3u) -> u32 {
  return group_id.y * group_count.x + group_id.x;
}
