// A worker of one's own, for trainer.test.ts: a loss and a metric that are functions.
import { ops } from '../../src/index.ts';
import { serveTrainer } from '../../src/trainer.ts';

serveTrainer({
  losses: { squares: (prediction, target) => ops.mean(ops.square(ops.sub(prediction, target))) },
  metrics: { bias: { name: 'bias', sum: (prediction, target) => ops.sum(ops.sub(prediction, target)) } },
});
