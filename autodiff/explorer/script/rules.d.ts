/** The module that Python writes for each page. */
export const RULES: (import("./graph.js").Rule | null)[];
