/** The previous majors are installed under names of their own, without types; those of the current ones fit. */
declare module 'express4' {
  import express from 'express';
  export default express;
}
declare module 'koa2' {
  import Koa from 'koa';
  export default Koa;
}
