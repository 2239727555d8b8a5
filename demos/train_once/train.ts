// The training itself, loaded with the engine at the first click.

import { adam, cnnS, createDevice, glyphs, split, type Callback } from '../../src/index.ts';

export const epochs = 4;

/** Trains the small CNN on synthetic glyphs; `print` gets what the terminal would print, `heard` each epoch's accuracy. */
export async function train(
  prefer: readonly ('webgpu' | 'cpu')[],
  print: (line: string) => void,
  heard: (epoch: number, accuracy: number) => void,
): Promise<void> {
  const device = await createDevice({ prefer });
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
  const report: Callback = {
    onEpochEnd(epoch, { loss, val_loss, val_accuracy }) {
      print(
        `epoch ${epoch + 1}  loss ${loss!.toFixed(4)}  val_loss ${val_loss!.toFixed(4)}  val_acc ${val_accuracy!.toFixed(3)}`,
      );
      heard(epoch + 1, val_accuracy!);
    },
  };
  await model.fit(training, { epochs, batchSize: 32, validation, callbacks: [report] });
  const { accuracy } = await model.evaluate(test);
  print(`test accuracy ${accuracy!.toFixed(3)}`);
  model.dispose();
  device.dispose();
}
