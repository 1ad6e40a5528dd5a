;; # A polynomial by Horner's scheme, with fused multiplication and addition.
;; # jit entry again
;;         larl  %r2,factors
;;         lghi  %r4,3
;;         lzdr  %f0
;;         ld    %f2,24(%r2)
;; again:  ld    %f4,0(%r2)
;;         madbr %f4,%f0,%f2
;;         ldr   %f0,%f4
;;         la    %r2,8(%r2)
;;         brctg %r4,again
;;         cdb   %f0,0(%r2)
;;         jl    less
;;         lghi  %r1,1
;; less:   svc   255
;;         .align 8
;; factors: .quad 0x3ff0000000000000,0x3fe0000000000000,0x3fd5555555555555
;; x:      .quad 0x3fb999999999999a
;;
;; 64-bit mode, 9 guest instructions in 4 blocks, 1191 bytes of WebAssembly

(module
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64) (result i32)))
  (import "env" "memory" (memory 804 804))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $address i64)
    (local $reason i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32) (local $r2 i64) (local $t14 i64)
    (local $t15 i64) (local $t16 i32) (local $t17 i32) (local $t18 i64) (local $t19 f64) (local $t20 f64) (local $t21 f64) (local $t22 f64)
    (local $t23 f64) (local $t24 f64) (local $t25 f64) (local $t26 f64) (local $r4 i64) (local $t28 i32) (local $t29 i32) (local $r1 i64)
    (local $t31 i32)

    ;; entry: other pages must be where they were; budget and registers into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again

        ;; 10012 again: ld %f4,0(%r2)
        (local.set $t14 (local.get $r2))
        (local.set $t15 (local.get $t14))
        (local.set $t16 (i32.add (local.get $bank) (i32.and (i32.wrap_i64 (i64.shr_u (local.get $t15) (i64.const 8))) (i32.const 16368))))
        (if (i64.gt_u (i64.sub (local.get $t15) (i64.load (local.get $t16))) (i64.const 4088)) (then
          (local.set $address (i64.add (local.get $base) (i64.const 18)))
          (local.set $reason (i32.const 1))
          (br $to_exit)
        ) (else
          (local.set $t17 (i32.sub (i32.load offset=8 (local.get $t16)) (i32.wrap_i64 (local.get $t15))))
        ))
        (local.set $t18 (i64.load offset=8 (local.get $t17)))
        (i64.store (i32.const 1608) (local.get $t18)) (; %f4 ;)

        ;; 10016: madbr %f4,%f0,%f2
        (block $to_1001a
          (local.set $t18 (i64.load (i32.const 1576)) (; %f2 ;))
          (local.set $t15 (i64.load (i32.const 1544)) (; %f0 ;))
          (local.set $t19 (f64.reinterpret_i64 (local.get $t15)))
          (local.set $t20 (f64.reinterpret_i64 (local.get $t18)))
          (local.set $t21 (f64.reinterpret_i64 (i64.load (i32.const 1608)) (; %f4 ;)))
          (local.set $t22
            (f64x2.extract_lane 0
              (f64x2.relaxed_madd (f64x2.splat (local.get $t19)) (f64x2.splat (local.get $t20)) (f64x2.splat (local.get $t21)))))
          (local.set $t14 (i64.reinterpret_f64 (local.get $t22)))
          (block $b1
            (block $b2
              (br_if $b2
                (i64.lt_u
                  (i64.sub (i64.and (local.get $t14) (i64.const 0x7fffffffffffffff)) (i64.const 0x10000000000001))
                  (i64.const 0x7fdfffffffffffff)))
              (br_if $b1
                (i32.eqz
                  (i32.and
                    (f64.eq (local.get $t22) (f64.const 0))
                    (i32.or
                      (i32.or (f64.eq (local.get $t19) (f64.const 0)) (f64.eq (local.get $t20) (f64.const 0)))
                      (f64.gt (f64.abs (local.get $t21)) (f64.const 1.1830521861667747e-271))))))
            )
            (local.set $t17
              (i32.or
                (i32.and (i32.load (i32.const 2048)) (; FPC ;) (i32.const 0xf8080007))
                (i32.and (i32.load (i32.const 1280)) (i32.const 0x40000))))
            (block $b3
              (br_if $b3 (i32.eq (local.get $t17) (i32.const 0xc0000)))
              (br_if $b1 (i32.ne (local.get $t17) (i32.const 0x40000)))
              (local.set $t23 (f64.mul (local.get $t19) (local.get $t20)))
              (local.set $t24 (f64.add (local.get $t23) (local.get $t21)))
              (local.set $t25 (f64.sub (local.get $t24) (local.get $t23)))
              (local.set $t26
                (f64.add (f64.sub (local.get $t23) (f64.sub (local.get $t24) (local.get $t25))) (f64.sub (local.get $t21) (local.get $t25))))
              (br_if $b1
                (i32.eqz
                  (i32.and
                    (i32.or
                      (i32.or (f64.eq (local.get $t19) (f64.const 0)) (f64.eq (local.get $t20) (f64.const 0)))
                      (i32.and
                        (i64.ge_u
                          (i64.add
                            (i64.ctz (i64.or (local.get $t15) (i64.const 0x10000000000000)))
                            (i64.ctz (i64.or (local.get $t18) (i64.const 0x10000000000000))))
                          (i64.const 53))
                        (i64.lt_u
                          (i64.sub
                            (i64.and (i64.reinterpret_f64 (local.get $t23)) (i64.const 0x7fffffffffffffff))
                            (i64.const 0x10000000000001))
                          (i64.const 0x7fdfffffffffffff))))
                    (f64.eq (local.get $t26) (f64.const 0)))))
            )
            (i64.store (i32.const 1608) (local.get $t14)) (; %f4 ;)
            (br $to_1001a)
          )
          (local.set $address (i64.add (local.get $base) (i64.const 22)))
          (local.set $reason (i32.const 1))
          (br $to_exit)
        )

        ;; 1001a: ldr %f0,%f4
        (i64.store (i32.const 1544) (i64.load (i32.const 1608)) (; %f4 ;)) (; %f0 ;)

        ;; 1001c: la %r2,8(%r2)
        (local.set $t14 (i64.add (local.get $r2) (i64.const 8)))
        (local.set $r2 (local.get $t14))

        ;; 10020: brctg %r4,again
        (local.set $t14 (i64.sub (local.get $r4) (i64.const 1)))
        (local.set $r4 (local.get $t14))
        (local.set $t17 (i64.ne (local.get $t14) (i64.const 0)))
        (if (local.get $t17) (then
          (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
          (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
            (local.set $address (i64.add (local.get $base) (i64.const 18)))
            (local.set $reason (i32.const 0))
            (br $to_exit)
          ))
          (br $loop_again)
        ))
        (block $to_less

          ;; 10024: cdb %f0,0(%r2)
          (block $to_1002a
            (local.set $t14 (local.get $r2))
            (local.set $t15 (local.get $t14))
            (local.set $t17 (i32.add (local.get $bank) (i32.and (i32.wrap_i64 (i64.shr_u (local.get $t15) (i64.const 8))) (i32.const 16368))))
            (if (i64.gt_u (i64.sub (local.get $t15) (i64.load (local.get $t17))) (i64.const 4088)) (then
              (local.set $address (i64.add (local.get $base) (i64.const 36)))
              (local.set $reason (i32.const 1))
              (br $to_exit)
            ) (else
              (local.set $t16 (i32.sub (i32.load offset=8 (local.get $t17)) (i32.wrap_i64 (local.get $t15))))
            ))
            (local.set $t18 (i64.load offset=8 (local.get $t16)))
            (local.set $t26 (f64.reinterpret_i64 (local.get $t18)))
            (local.set $t25 (f64.reinterpret_i64 (i64.load (i32.const 1544)) (; %f0 ;)))
            (local.set $t28 (f64.lt (local.get $t25) (local.get $t26)))
            (local.set $t29 (f64.gt (local.get $t25) (local.get $t26)))
            (if
              (i32.and
                (i32.shr_u (i32.load (i32.const 1280)) (i32.const 18))
                (i32.or (i32.or (local.get $t28) (local.get $t29)) (f64.eq (local.get $t25) (local.get $t26))))
            (then
              (local.set $cc (i32.or (i32.shl (local.get $t29) (i32.const 1)) (local.get $t28)))
              (local.set $cc_kind (i32.const 0))
              (br $to_1002a)
            ))
            (local.set $address (i64.add (local.get $base) (i64.const 36)))
            (local.set $reason (i32.const 1))
            (br $to_exit)
          )

          ;; 1002a: jl less
          (if (local.get $cc_kind) (then
            (local.set $t29
              (call $conditionCode (local.get $cc_kind) (local.get $cc_a32) (local.get $cc_b32) (local.get $cc_a64) (local.get $cc_b64)))
          ) (else
            (local.set $t29 (local.get $cc))
          ))
          (local.set $cc (local.get $t29))
          (local.set $cc_kind (i32.const 0))
          (if (i32.and (i32.shl (i32.const 4) (local.get $cc)) (i32.const 8)) (then (br $to_less)))

          ;; 1002e: lghi %r1,1
          (local.set $r1 (i64.const 1))
          (br $to_less)
        )

        ;; 10032 less: svc 255
        (local.set $address (i64.add (local.get $base) (i64.const 50)))
        (local.set $reason (i32.const 0))
        (br $to_exit)
        (unreachable)
      )
      (unreachable)
    )

    ;; exit: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (if (local.get $cc_kind) (then
      (local.set $t31
        (call $conditionCode (local.get $cc_kind) (local.get $cc_a32) (local.get $cc_b32) (local.get $cc_a64) (local.get $cc_b64)))
    ) (else
      (local.set $t31 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t31)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (local.get $reason)
  )
)
