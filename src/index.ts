// The public names, nothing else.

// Models
export { sequential, type Model, type SequentialOptions } from './train/model.ts';
export { asLayer, type AsLayerOptions } from './train/as_layer.ts';
export { model, type ModelOptions, type PredictionOf, type SymbolicTensors } from './train/functional.ts';
export { callable, input, type InputOptions, type SymbolicTensor } from './nn/symbolic.ts';
export type { CompileOptions } from './train/compile.ts';
export type { AnyMetric, HeadOptions, PerOutput } from './train/heads.ts';
export type { HostTensor, InputPort, OutputPort } from './train/core.ts';
export type { ConfusionOptions, EvaluateOptions } from './train/evaluate.ts';
export type { Examples, PredictOptions } from './train/predict.ts';
export type { FitOptions, FitResult } from './train/fit.ts';
export type { TrainingPlan } from './train/memory.ts';
export type { TrainingData } from './train/targets.ts';
export type { TrainingState } from './train/training_state.ts';
export { cnn, cnnS, mlp, type ReferenceOptions } from './train/models.ts';
export { loadModel, loadWeights, saveModel } from './train/checkpoint.ts';

// Layers
export type {
  BuiltLayer,
  Layer,
  LayerBuild,
  LayerContext,
  LayerOptions,
  LayerRecord,
  MultiOutputLayer,
} from './nn/layer.ts';
export { l1, l1l2, l2, maxNorm, type HeldOptions, type Regularizer, type WeightOptions } from './nn/regularizers.ts';
export { keepsMask, type Masking } from './nn/masking.ts';
export {
  activation,
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  hardTanh,
  leakyRelu,
  logSigmoid,
  logSoftmax,
  mish,
  relu,
  relu6,
  selu,
  shrink,
  sigmoid,
  silu,
  softmax,
  softplus,
  softsign,
  tanh,
  thresholdedRelu,
} from './nn/layers/activation.ts';
export {
  type AdaptivePoolLayerOptions,
  adaptiveAveragePool1d,
  adaptiveAveragePool2d,
  adaptiveAveragePool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from './nn/layers/adaptive_pool.ts';
export {
  averagePool1d,
  averagePool2d,
  averagePool3d,
  sumPool1d,
  sumPool2d,
  sumPool3d,
} from './nn/layers/average_pool.ts';
export {
  cropping1d,
  cropping2d,
  cropping3d,
  type CroppingLayerOptions,
  type PaddingLayerOptions,
  zeroPadding1d,
  zeroPadding2d,
  zeroPadding3d,
} from './nn/layers/border.ts';
export {
  conv1d,
  type Conv1dLayerOptions,
  conv2d,
  type Conv2dLayerOptions,
  conv3d,
  type Conv3dLayerOptions,
} from './nn/layers/conv.ts';
export {
  conv1dTranspose,
  type Conv1dTransposeLayerOptions,
  conv2dTranspose,
  type Conv2dTransposeLayerOptions,
  conv3dTranspose,
  type Conv3dTransposeLayerOptions,
} from './nn/layers/conv_transpose.ts';
export {
  depthwiseConv1d,
  type DepthwiseConv1dLayerOptions,
  depthwiseConv2d,
  type DepthwiseConv2dLayerOptions,
  separableConv1d,
  type SeparableConv1dLayerOptions,
  separableConv2d,
  type SeparableConv2dLayerOptions,
} from './nn/layers/depthwise_conv.ts';
export { concatenate } from './nn/layers/concatenate.ts';
export { dense, type DenseOptions } from './nn/layers/dense.ts';
export { dot, type DotOptions } from './nn/layers/dot.ts';
export { add, average, maximum, minimum, multiply, subtract } from './nn/layers/merge.ts';
export {
  type AffineLayerOptions,
  batchNormalization,
  type BatchNormalizationOptions,
} from './nn/layers/batch_normalization.ts';
export { bayesianConv2d, bayesianDense, type BayesianOptions, normalDivergence } from './nn/layers/bayesian.ts';
export {
  dropout,
  type DropoutOptions,
  spatialDropout1d,
  spatialDropout2d,
  spatialDropout3d,
} from './nn/layers/dropout.ts';
export {
  groupNormalization,
  type GroupNormalizationOptions,
  instanceNormalization,
} from './nn/layers/group_normalization.ts';
export {
  layerNormalization,
  type LayerNormalizationOptions,
  rmsNormalization,
  type RmsNormalizationOptions,
} from './nn/layers/layer_normalization.ts';
export { alphaDropout, gaussianDropout, gaussianNoise } from './nn/layers/noise.ts';
export { embedding, type EmbeddingOptions } from './nn/layers/embedding.ts';
export { flatten } from './nn/layers/flatten.ts';
export {
  globalAveragePool1d,
  globalAveragePool2d,
  globalAveragePool3d,
  globalMaxPool1d,
  globalMaxPool2d,
  globalMaxPool3d,
  globalSumPool1d,
  globalSumPool2d,
  globalSumPool3d,
  type GlobalPoolLayerOptions,
} from './nn/layers/global_pool.ts';
export { l2Pool1d, l2Pool2d, l2Pool3d, lpPool1d, lpPool2d, lpPool3d } from './nn/layers/lp_pool.ts';
export { maxPool1d, maxPool2d, maxPool3d } from './nn/layers/max_pool.ts';
export type { PoolLayerOptions1d, PoolLayerOptions2d, PoolLayerOptions3d } from './nn/layers/pool.ts';
export { bidirectional, type BidirectionalOptions, type MergeMode } from './nn/layers/bidirectional.ts';
export { gru, type GruOptions } from './nn/layers/gru.ts';
export { lstm, type LstmOptions } from './nn/layers/lstm.ts';
export type {
  RecurrentLayer,
  RecurrentLayerOptions,
  StatefulRecurrentLayer,
  WithState,
} from './nn/layers/recurrent.ts';
export type { Masked, RecurrentUseOptions } from './nn/layers/recurrent_inputs.ts';
export { simpleRnn, type SimpleRnnOptions } from './nn/layers/simple_rnn.ts';
export { multiHeadAttention, type MultiHeadAttentionOptions } from './nn/layers/multi_head_attention.ts';
export { paddingMask, type PaddingMaskOptions } from './nn/layers/padding_mask.ts';
export { permute, repeatVector } from './nn/layers/permute.ts';
export { positionalEncoding, type PositionalEncodingOptions } from './nn/layers/positional_encoding.ts';
export { prelu, type PreluOptions } from './nn/layers/prelu.ts';
export { reshape } from './nn/layers/reshape.ts';
export { upSampling1d, upSampling2d, upSampling3d } from './nn/layers/up_sampling.ts';
export type { ActivationName } from './ops/activations.ts';

// Training
export {
  adagrad,
  type AdagradOptions,
  adam,
  adamW,
  type AdamOptions,
  rmsprop,
  type RmspropOptions,
  sgd,
  type SgdOptions,
} from './nn/optimizers.ts';
export type { Clipping, GradientOptions } from './nn/gradient_options.ts';
export {
  type BatchPlace,
  createState,
  type Optimizer,
  type OptimizerState,
  type StateUpdate,
} from './nn/optimizer_state.ts';
export type { LiveNumbers, NumberReader, NumberSpec } from './nn/numbers.ts';
export { type LiveNumber, operandOf, type Scalar } from './graph/live.ts';
export { mixedPrecision } from './train/mixed_precision.ts';
export type { LossScaleOptions } from './nn/loss_scaling.ts';
export type { LossScaler, LossScaleState, Precision } from './nn/precision.ts';
export type { PrecisionOption } from './train/precision.ts';
export {
  cosineDecay,
  cyclic,
  exponentialDecay,
  linearDecay,
  oneCycle,
  type Schedule,
  stepDecay,
} from './nn/schedules.ts';
export type { ConfiguredLoss, Loss, LossFunction, LossName } from './nn/losses.ts';
export * as losses from './nn/loss_functions.ts';
export type { ConfiguredMetric, EpochMetric, MeanMetric, Metric, MetricName, Tally } from './nn/metrics.ts';
export {
  accuracyOf,
  classRates,
  type ClassRates,
  type ConfusionMatrix,
  confusionMatrix,
  percentages,
} from './nn/confusion.ts';
export * as metrics from './nn/metric_functions.ts';
export {
  type BatchLogs,
  type Callback,
  type CallbackState,
  csvLogger,
  type CsvLoggerOptions,
  earlyStopping,
  type EarlyStoppingOptions,
  type FitParams,
  type Logs,
} from './train/callbacks.ts';
export { modelCheckpoint, type ModelCheckpointOptions } from './train/model_checkpoint.ts';
export type { MonitorOptions } from './train/monitor.ts';
export { type PlateauOptions, reduceLROnPlateau, terminateOnNaN } from './train/plateau.ts';
export type { Cursor } from './train/cursor.ts';
export { progress, type ProgressEvent, type ProgressOptions } from './train/progress.ts';

// Studies
export { crossValidate, type CrossValidateOptions, type CrossValidation } from './train/search/cross_validate.ts';
export {
  ensemble,
  type Ensemble,
  type EnsembleOptions,
  ensembleOf,
  type EnsembleOfOptions,
} from './train/search/ensemble.ts';
export { gridSearch, type Grid, type GridParams, type GridSearchOptions } from './train/search/grid_search.ts';
export { finderSvg, type FinderSvgOptions } from './train/search/finder_svg.ts';
export {
  learningRateFinder,
  type LearningRateFinderOptions,
  type LearningRates,
} from './train/search/learning_rate_finder.ts';
export { randomSearch, type RandomSearchOptions, type SpaceParams } from './train/search/random_search.ts';
export {
  choiceRange,
  integerRange,
  logUniformRange,
  type Range,
  type Space,
  uniformRange,
} from './train/search/ranges.ts';
export {
  type Params,
  recordsCsv,
  type Statistic,
  studyCsv,
  type StudyRecord,
  type StudyResult,
  type StudyRow,
  studyText,
} from './train/search/results.ts';
export { studySvg, type StudySvgOptions } from './train/search/study_svg.ts';
export type { Division, Setup, StudyEvent, StudyModel, StudyOptions, StudyRun } from './train/search/study.ts';

// The lower door
export {
  FIRST_BAD,
  FIRST_NON_FINITE,
  NON_FINITE_GRADIENT,
  GRADIENT_NORM,
  type InputSpec,
  LOSS_SCALE,
  program,
  type Program,
  type ProgramOptions,
  SKIPPED_STEPS,
  type TraceContext,
} from './train/program.ts';
export {
  joinArena,
  type Parameter,
  parameters,
  type Parameters,
  type Constraint,
  type ParameterSpec,
  parameterAt,
  splitArena,
} from './nn/parameters.ts';
export {
  fans,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  normal,
  ones,
  orthogonal,
  torchDefault,
  uniform,
  zeros,
} from './nn/initializers.ts';
export { gradientCheck, type GradientCheckOptions, overfitOneBatch, type OverfitResult } from './train/debugging.ts';
export type { NamedValue } from './train/checked.ts';
export { gradients } from './autodiff/gradients.ts';
export { gradcheck, type GradcheckResult } from './autodiff/gradcheck.ts';
export * as ops from './ops/functions.ts';
export { explain } from './ops/explain.ts';
export type {
  ConvExplanation,
  ConvSpec,
  DepthwiseConvSpec,
  Explanation,
  ExplainSpec,
  Im2col,
  Im2colCell,
  InputPair,
  PoolExplanation,
  PoolSpec,
  ReceptiveField,
  Term,
  TransposedAxis,
  TransposedConvExplanation,
  TransposedConvSpec,
  WeightPair,
  WindowAxis,
} from './ops/explain_types.ts';
export { receptiveField } from './ops/receptive_field.ts';
export { inputTensor, labelled, type Tensor, type TensorType, type Variable, variableTensor } from './graph/tensor.ts';
export type { DType, TypedArray } from './core/dtype.ts';
export { fromHalf, toHalf } from './core/half.ts';
export type { Shape } from './core/shape.ts';
export { evaluate as evaluateGraph } from './cpu/oracle.ts';
export type { Plan, PlanBytes, PlanStep } from './plan/plan.ts';
export type { KernelChoices } from './plan/choices.ts';
export type { Measured, TextStore } from './plan/tuning.ts';

// Devices
export { createDevice, type DeviceOptions } from './train/device.ts';
export { createCpuDevice } from './cpu/device.ts';
export { createWebGPUDevice, type WebGPUDevice, type WebGPUOptions } from './gpu/device.ts';
export type { Device, DeviceStats, DeviceTensor, RunnerStats, TrackedRow } from './plan/device.ts';

// Data
export { dataset, type Dataset, type DatasetOptions, type NamedDataset, take } from './data/dataset.ts';
export { namedDataset, type NamedOptions } from './data/named.ts';
export { shuffleOrder, split, splitIndices, type SplitIndices, type SplitOptions } from './data/split.ts';
export { foldIndices, type FoldOptions, folds } from './data/folds.ts';
export { type Normalizer, type NormalizerOptions, scaleToUnit, standardize } from './data/normalize.ts';
export { csvDataset, type CsvDatasetOptions, type CsvOptions, type CsvTable, readCsv } from './data/csv.ts';
export { glyphNames, glyphs, type GlyphsOptions } from './data/glyphs.ts';
export { blobs, circles, moons, type PointsOptions, spirals, xor } from './data/synthetic.ts';
export { type DataStream, dataStream, type DataStreamOptions, streamed, type StreamItem } from './data/stream.ts';
export { type Idx, loadIdx, readIdx } from './data/idx.ts';
export {
  type DecodeImage,
  type ImageFile,
  imageFolder,
  type ImageOptions,
  type ImageSource,
  imageStream,
  type LabelledFiles,
  zipEntries,
} from './data/images.ts';
export type { AugmentOption } from './train/augment_option.ts';
export {
  type Augmentation,
  augmentation,
  type AugmentationOptions,
  type ImageTransform,
  type PreviewOptions,
} from './train/augmentation.ts';
export {
  type Amount,
  brightness,
  contrast,
  flip,
  hue,
  noise,
  randomCrop,
  rotation,
  saturation,
  shear,
  translation,
  zoom,
} from './train/image_transforms.ts';
export { readSafetensors, type SafetensorsFile, type SavedTensor, writeSafetensors } from './io/safetensors.ts';
export { type Medium, memoryStore, type Store, storeOver, type StoreOptions } from './io/store.ts';
export { indexedDbStore, opfsStore } from './io/page_stores.ts';
export { permutation, randomNormal, randomUniform } from './core/random.ts';

// What training prints
export * as terminal from './train/terminal.ts';
export { curvesSvg, type CurvesOptions } from './train/curves.ts';
export { sparkline } from './train/sparkline.ts';
export {
  type LayerDescription,
  type ModelDescription,
  summaryRows,
  type SummaryRow,
  summaryText,
  type SummaryTotals,
} from './train/summary.ts';

// Errors
export {
  DataError,
  DeviceError,
  type DeviceErrorReason,
  type Lacking,
  type Misfit,
  NonFiniteError,
  OptionError,
  ShapeError,
  StateError,
  StoreError,
  type WeightDifference,
} from './core/errors.ts';
