// `npm ci` must not need a browser download: tools/setup.mjs sees to a browser.
module.exports = { skipDownload: true };
