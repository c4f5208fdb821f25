module.exports = {
  // The folder has the packages of other apps beside it.
  turbopack: { root: require('node:path').join(__dirname, '..') }
}
