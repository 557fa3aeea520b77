// The module that workerd itself provides, and no package.

declare module "cloudflare:workers" {
  export const waitUntil: ((work: Promise<unknown>) => void) | undefined;
  export const env: Readonly<Record<string, unknown>> | undefined;
}
