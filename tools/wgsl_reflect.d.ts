// wgsl_reflect declares types for its CommonJS-like main file only; in Node the module file is the one to import.
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
