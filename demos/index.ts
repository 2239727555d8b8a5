// The first page: trains the small CNN on synthetic glyphs and prints what the terminal would print.

import { adam, cnnS, createDevice, glyphs, split, type Callback } from '../src/index.ts';

const button = document.querySelector<HTMLButtonElement>('#train')!;
const status = document.querySelector<HTMLElement>('#status')!;
const log = document.querySelector<HTMLElement>('#log')!;
const print = (line: string) => log.append(`${line}\n`);

async function train(): Promise<void> {
  log.textContent = '';
  const device = await createDevice();
  print(`device  ${device.description}`);
  const { train: training, validation } = split(glyphs({ size: 2000, seed: 1 }), { validation: 0.1, seed: 1 });
  const test = glyphs({ size: 500, seed: 2 });
  const model = cnnS({ seed: 1 });
  print(model.summary().text);
  await model.compile({
    optimizer: adam({ learningRate: 3e-3 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    device,
  });
  const epochs: Callback = {
    onEpochEnd(epoch, { loss, val_loss, val_accuracy }) {
      print(
        `epoch ${epoch + 1}  loss ${loss!.toFixed(4)}  val_loss ${val_loss!.toFixed(4)}  val_acc ${val_accuracy!.toFixed(3)}`,
      );
    },
  };
  await model.fit(training, { epochs: 4, batchSize: 32, validation, callbacks: [epochs] });
  const { accuracy } = await model.evaluate(test);
  print(`test accuracy ${accuracy!.toFixed(3)}`);
  model.dispose();
  device.dispose();
}

button.addEventListener('click', () => {
  button.disabled = true;
  status.textContent = 'training…';
  train()
    .then(
      () => (status.textContent = 'done'),
      (error: unknown) => (status.textContent = error instanceof Error ? error.message : String(error)),
    )
    .finally(() => (button.disabled = false));
});
