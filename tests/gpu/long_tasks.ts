// What keeps a page from drawing and answering.

/** The page's tasks of over 50 ms while `work` runs. */
export async function longTasks(work: () => Promise<unknown>): Promise<number[]> {
  const tasks: number[] = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: 'longtask' });
  await work();
  // Entries come with the next idle moment.
  await new Promise((done) => setTimeout(done, 100));
  tasks.push(...observer.takeRecords().map(({ duration }) => duration));
  observer.disconnect();
  return tasks;
}
