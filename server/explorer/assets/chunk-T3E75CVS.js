import{a,b}from"./chunk-777X2ASV.js";import"./chunk-UGF42AOQ.js";import"./chunk-KBPTQNLW.js";import"./chunk-EASFSOVW.js";export{b as getWorker,a as jsonDefaults};
