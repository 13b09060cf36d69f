/** Goes into the User-Agent; a test holds it equal to package.json, which would weigh more in a bundle. */
export const VERSION = '0.1.0';
