// Stands in for a package that finds out by `eval`, which the page's policy forbids and reports.
module.exports = () => true
