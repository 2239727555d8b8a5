// Giving way to whatever else the thread has to do.

/** Lets timers, messages, key presses and drawing have a turn. Not a timer itself: hidden pages slow those down. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
