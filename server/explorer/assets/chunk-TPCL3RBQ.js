import{Fj as a,Gj as b,Hj as c,Ij as d}from"./chunk-KBPTQNLW.js";import"./chunk-EASFSOVW.js";export{c as HitTestContext,b as MouseTarget,d as MouseTargetFactory,a as PointerHandlerLastRenderData};
