/** The file beside the predict function's code that holds the OpenAPI document of the deployment. */
export const openApiFile = 'openapi.json';
