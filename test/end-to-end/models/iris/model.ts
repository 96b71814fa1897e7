export { default } from '../../../../models/iris/model.ts';
