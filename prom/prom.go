package prom
