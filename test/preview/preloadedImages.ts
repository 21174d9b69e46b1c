/**
 * Configuration of a stack whose nodes have the platform's own images: an update refuses others
 * until they are published.
 */
export const preloadedImages = { "mlplatform:images": JSON.stringify({ preloaded: true }) };
