/** The module that Python writes for each page. */
export const CAUSES: import("./nonfinite.js").Cause[];
export const WORDS: import("./nonfinite.js").Words;
